# clang-19 with ASan and UBSan, and the harnesses with libFuzzer beside the tests: the libraries are
# compiled once for both.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/clang.cmake)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1" CACHE STRING "")
set(ISCSI_FUZZ ON CACHE BOOL "")
