# g++-12, optimised; debug information for backtraces. Every source is compiled by itself, so that a
# missing #include is found out.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/gcc.cmake)
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG" CACHE STRING "")
