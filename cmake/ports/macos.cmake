# macOS on 64-bit Arm, by zig.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR arm64)
set(CMAKE_OSX_SYSROOT "")
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)
