# The replay programs with clang's counts of lines and branches, for the report of a campaign.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/clang.cmake)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -fprofile-instr-generate -fcoverage-mapping" CACHE STRING "")
set(ISCSI_SANITIZE OFF CACHE BOOL "" FORCE)
set(ISCSI_TESTS OFF CACHE BOOL "")
