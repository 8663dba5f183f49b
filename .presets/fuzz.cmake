# The harnesses with libFuzzer, under ASan and UBSan.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/clang.cmake)
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(ISCSI_FUZZ ON CACHE BOOL "")
set(ISCSI_TESTS OFF CACHE BOOL "")
