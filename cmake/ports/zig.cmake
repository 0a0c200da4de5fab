# The compiler that zig brings, started by the scripts in PLASTIC_PORT_TOOLS, which scripts/port makes.
set(CMAKE_CXX_COMPILER ${PLASTIC_PORT_TOOLS}/c++)
set(CMAKE_AR ${PLASTIC_PORT_TOOLS}/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${PLASTIC_PORT_TOOLS}/ranlib CACHE FILEPATH "")
# Nothing is linked.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# By itself it adds a sanitizer where there is no optimization.
set(CMAKE_CXX_FLAGS_INIT -fno-sanitize=undefined)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PLASTIC_PORT_TOOLS)
