# The harnesses with libFuzzer, under ASan and UBSan; as lean as it goes, for it is built to be run.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/clang.cmake)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1" CACHE STRING "")
set(ISCSI_FUZZ ON CACHE BOOL "")
set(ISCSI_TESTS OFF CACHE BOOL "")
