# How the engine is compiled inside of other projects: a test, run by CMake itself. Only configures.
#   cmake -DPLASTIC=SOURCE -DBINARY=FOLDER -DCOMPILER=CXX -P configure.cmake

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
  if(NOT output MATCHES "-- Plastic: kernels for [^\n]+, [0-9]+-byte vectors\n")
    message(SEND_ERROR "${ARGN}: the vectors are not told:\n${output}")
  endif()
  file(STRINGS ${BINARY}/compile_commands.json commands REGEX "command.*/core/cpu/gemm/gemm\\.cpp")
  list(LENGTH commands count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "${ARGN}: ${count} commands compile core/cpu/gemm/gemm.cpp")
  endif()
  string(REGEX MATCHALL " -O[^ ]*" levels "${commands}")
  list(APPEND levels none)
  list(GET levels -2 last)
  if(NOT last STREQUAL " ${level}")
    message(SEND_ERROR "${ARGN}: compiled with${last}, not ${level}: ${commands}")
  endif()
  string(FIND "${commands}" " -fPIC" place)
  if((pic AND place EQUAL -1) OR (NOT pic AND NOT place EQUAL -1))
    message(SEND_ERROR "${ARGN}: position-independent code should be ${pic}: ${commands}")
  endif()
  string(FIND "${commands}" " -ffast-math" fast)
  string(FIND "${commands}" " -fno-fast-math" not_fast)
  if(fast GREATER not_fast)
    message(SEND_ERROR "${ARGN}: compiled with -ffast-math: ${commands}")
  endif()
endfunction()

check(-O2 ON)
check(-O2 ON -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=-O0 -ffast-math")
check(-O3 ON -DCMAKE_BUILD_TYPE=Release -DOPTIONS=-O0)
check(-O3 OFF -DCMAKE_CXX_FLAGS=-O3 -DCMAKE_POSITION_INDEPENDENT_CODE=OFF)
check(-O0 ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O0 -DPLASTIC_OPTIMIZE=OFF)
