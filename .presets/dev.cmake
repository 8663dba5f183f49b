# g++-12, optimised, debug information.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/gcc.cmake)
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
