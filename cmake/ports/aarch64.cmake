# Debian's cross compiler for 64-bit Arm, whose programs qemu-user runs. scripts/port sets PLASTIC_PORT_PREFIX,
# a folder with the headers that are the same for every processor.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;/usr/aarch64-linux-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
list(APPEND CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
