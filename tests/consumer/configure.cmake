# How the engine is compiled inside of other projects: a test, run by CMake itself. Only configures.
#   cmake -DPLASTIC=SOURCE -DBINARY=FOLDER -DCOMPILER=CXX -P configure.cmake

function(check_command command level pic case)
  string(REGEX MATCHALL " -O[^ ]*" levels "${command}")
  list(APPEND levels none)
  list(GET levels -2 last)
  if(NOT last STREQUAL " ${level}")
    message(SEND_ERROR "${case}: compiled with${last}, not ${level}: ${command}")
  endif()
  string(FIND "${command}" " -fPIC" place)
  if((pic AND place EQUAL -1) OR (NOT pic AND NOT place EQUAL -1))
    message(SEND_ERROR "${case}: position-independent code should be ${pic}: ${command}")
  endif()
  string(FIND "${command}" " -ffast-math" fast)
  string(FIND "${command}" " -fno-fast-math" not_fast)
  if(fast GREATER not_fast)
    message(SEND_ERROR "${case}: compiled with -ffast-math: ${command}")
  endif()
endfunction()

# check(LEVEL PIC ARGUMENT...): with these arguments, the last level of optimization that a kernel is
# compiled with is LEVEL, and PIC tells whether its code is position-independent.
function(check level pic)
  file(REMOVE_RECURSE ${BINARY})
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=CXXFLAGS --unset=CMAKE_BUILD_TYPE ${CMAKE_COMMAND}
            -S ${CMAKE_CURRENT_LIST_DIR} -B ${BINARY} -G "Unix Makefiles" -DPLASTIC=${PLASTIC}
            -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON ${ARGN}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${ARGN}: not configured:\n${output}")
  endif()
  if(NOT output MATCHES "-- Plastic: kernels for [^\n]+\n")
    message(SEND_ERROR "${ARGN}: the vectors are not told:\n${output}")
  endif()
  # One for each level of instructions.
  file(STRINGS ${BINARY}/compile_commands.json commands REGEX "command.*/core/cpu/gemm/gemm\\.cpp")
  if(NOT commands)
    message(FATAL_ERROR "${ARGN}: nothing compiles core/cpu/gemm/gemm.cpp")
  endif()
  foreach(command IN LISTS commands)
    check_command("${command}" "${level}" "${pic}" "${ARGN}")
  endforeach()
endfunction()

check(-O2 ON)
check(-O2 ON -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=-O0 -ffast-math")
check(-O3 ON -DCMAKE_BUILD_TYPE=Release -DOPTIONS=-O0)
check(-O3 OFF -DCMAKE_CXX_FLAGS=-O3 -DCMAKE_POSITION_INDEPENDENT_CODE=OFF)
check(-O0 ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O0 -DPLASTIC_OPTIMIZE=OFF)
