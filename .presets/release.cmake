# g++-12, optimised, with the benchmarks.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/gcc.cmake)
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(ISCSI_BENCH ON CACHE BOOL "")
