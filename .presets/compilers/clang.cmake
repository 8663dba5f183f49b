# What the presets of the compiler with sanitizers and libFuzzer share. Folders are compiled as one,
# which takes half the time; the preset dev compiles file by file.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_C_COMPILER clang-19 CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(ISCSI_SANITIZE ON CACHE BOOL "")
set(ISCSI_COMPILE_BY_FOLDER ON CACHE BOOL "")
