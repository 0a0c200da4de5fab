# Debian's cross compiler for 32-bit x86, whose programs a 64-bit system runs. scripts/port sets
# PLASTIC_PORT_PREFIX, a folder with the headers that are the same for every processor.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_CXX_COMPILER i686-linux-gnu-g++)
# Programs run as they are; without this, CMake 3.25 ends with a fault of its own where it would run one.
set(CMAKE_CROSSCOMPILING_EMULATOR /usr/bin/env)
# Not the x87's registers, in which numbers have more bits than in memory.
set(CMAKE_CXX_FLAGS_INIT "-msse2 -mfpmath=sse")
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
list(APPEND CMAKE_FIND_ROOT_PATH /usr/i686-linux-gnu)
