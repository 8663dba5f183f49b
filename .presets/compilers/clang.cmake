# What the presets of the compiler with sanitizers and libFuzzer share.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_C_COMPILER clang-19 CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(ISCSI_SANITIZE ON CACHE BOOL "")
