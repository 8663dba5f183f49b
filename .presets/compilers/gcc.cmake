# What the presets of the compiler that users have share.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_C_COMPILER gcc-12 CACHE STRING "")
set(CMAKE_CXX_COMPILER g++-12 CACHE STRING "")
