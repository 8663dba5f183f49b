# The harnesses with AFL++'s driver and runtime, under ASan and UBSan. AFL++ 4.04c's own compilers
# are made of clang-14, which cannot compile C++23: clang-19's trace-pc-guard, linked with the
# package's runtime, is what they would have made.
include(${CMAKE_CURRENT_LIST_DIR}/compilers/clang.cmake)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1" CACHE STRING "")
set(ISCSI_FUZZ ON CACHE BOOL "")
set(ISCSI_FUZZ_FLAGS "-fsanitize-coverage=trace-pc-guard" CACHE STRING "")
set(ISCSI_FUZZING_ENGINE "/usr/lib/afl/libAFLDriver.a;/usr/lib/afl/afl-compiler-rt.o"
    CACHE STRING "")
set(ISCSI_TESTS OFF CACHE BOOL "")
