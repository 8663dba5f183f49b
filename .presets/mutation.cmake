# clang-19, for the rewritten tree of tests/mutation: thousands of runs of small programs.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/clang.cmake)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O1" CACHE STRING "")
set(ISCSI_SANITIZE OFF CACHE BOOL "" FORCE)
set(ISCSI_WERROR OFF CACHE BOOL "")
