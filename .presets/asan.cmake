# clang-19 with ASan and UBSan.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/clang.cmake)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1" CACHE STRING "")
