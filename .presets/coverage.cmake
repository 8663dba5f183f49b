# g++-12 with gcov's counts.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/gcc.cmake)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g" CACHE STRING "")
set(ISCSI_COVERAGE ON CACHE BOOL "")
