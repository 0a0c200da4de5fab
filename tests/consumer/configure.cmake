# How the engine is compiled inside of other projects: a test, run by CMake itself. Only configures.
#   cmake -DPLASTIC=SOURCE -DBINARY=FOLDER -DCOMPILER=CXX -P configure.cmake

function(check_level command level case)
  string(REGEX MATCHALL " -O[^ ]*" levels "${command}")
  list(APPEND levels none)
  list(GET levels -2 last)
  if(NOT last STREQUAL " ${level}")
    message(SEND_ERROR "${case}: compiled with${last}, not ${level}: ${command}")
  endif()
endfunction()

function(check_command command level pic case)
  check_level("${command}" "${level}" "${case}")
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

# Configures with these arguments; `output` and `failed` are what came of it.
function(configure)
  file(REMOVE_RECURSE ${BINARY})
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=CXXFLAGS --unset=CMAKE_BUILD_TYPE ${CMAKE_COMMAND}
            -S ${CMAKE_CURRENT_LIST_DIR} -B ${BINARY} -G "Unix Makefiles" -DPLASTIC=${PLASTIC}
            -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON ${ARGN}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE failed)
  set(output "${output}" PARENT_SCOPE)
  set(failed "${failed}" PARENT_SCOPE)
endfunction()

# check(KERNELS PIC REST ARGUMENT...): with these arguments, the last level of optimization that a kernel
# is compiled with is KERNELS, that of another file is REST, and PIC tells whether a kernel's code is
# position-independent.
function(check kernels pic rest)
  configure(${ARGN})
  if(failed)
    message(FATAL_ERROR "${ARGN}: not configured:\n${output}")
  endif()
  if(NOT output MATCHES "-- Plastic: kernels for [^\n]+\n")
    message(SEND_ERROR "${ARGN}: the vectors are not told:\n${output}")
  endif()
  set(commands_file ${BINARY}/compile_commands.json)
  # One for each level of instructions.
  file(STRINGS ${commands_file} commands REGEX "command.*/core/cpu/gemm/gemm\\.cpp")
  if(NOT commands)
    message(FATAL_ERROR "${ARGN}: nothing compiles core/cpu/gemm/gemm.cpp")
  endif()
  foreach(command IN LISTS commands)
    check_command("${command}" "${kernels}" "${pic}" "${ARGN}")
  endforeach()
  # Loops outside of kernels are compiled as those are.
  file(STRINGS ${commands_file} command REGEX "command.*/core/cpu/lines\\.cpp")
  check_command("${command}" "${kernels}" "${pic}" "${ARGN}")
  file(STRINGS ${commands_file} command REGEX "command.*/core/ops/matmul\\.cpp")
  check_command("${command}" "${rest}" "${pic}" "${ARGN}")
endfunction()

# check_levels(LEVELS COMMANDS ARGUMENT...): with PLASTIC_LEVELS=LEVELS and these arguments, kernels are compiled COMMANDS times, and one
# that has to be for AVX2 is.
function(check_levels levels count)
  configure("-DPLASTIC_LEVELS=${levels}" ${ARGN})
  file(STRINGS ${BINARY}/compile_commands.json commands REGEX "command.*/core/cpu/gemm/gemm\\.cpp")
  list(LENGTH commands found)
  if(failed OR NOT found EQUAL count)
    message(SEND_ERROR "PLASTIC_LEVELS=${levels}: kernels are compiled ${found} times, not ${count}:\n${output}")
  endif()
endfunction()

# check_refused(TEXT ARGUMENT...): these arguments are an error that says TEXT.
function(check_refused text)
  configure(${ARGN})
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "${text}" place)
  if(NOT failed OR place EQUAL -1)
    message(SEND_ERROR "${ARGN}: should be refused with \"${text}\":\n${output}")
  endif()
endfunction()

check(-O2 ON -O2)
check(-O2 ON -O2 -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=-O0 -ffast-math")
check(-O3 ON -O3 -DCMAKE_BUILD_TYPE=Release -DOPTIONS=-O0)
check(-O3 ON -Os -DCMAKE_BUILD_TYPE=Release)
check(-O2 ON -Os -DCMAKE_BUILD_TYPE=MinSizeRel)
check(-O3 OFF -Os -DCMAKE_CXX_FLAGS=-O3 -DCMAKE_POSITION_INDEPENDENT_CODE=OFF)
check(-O0 ON -O0 -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O0 -DPLASTIC_OPTIMIZE=OFF)
if(CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL "x86_64")
  check_levels(all 3)
  # As toolchain files do, without the name of a processor.
  check_levels(all 3 -DCMAKE_SYSTEM_NAME=Linux)
  check_levels(avx2 1)
  check_levels("avx512;baseline" 2)
  check_refused("PLASTIC_LEVELS has \"sse9\", which is no level of instructions; it may be all, or a list of baseline"
                -DPLASTIC_LEVELS=sse9)
  check_refused("PLASTIC_LEVELS has avx2, and this build can have baseline alone (PLASTIC_NATIVE"
                -DPLASTIC_LEVELS=avx2 -DPLASTIC_NATIVE=ON)
  check_refused("PLASTIC_LEVELS has amx, which takes all but products from avx512; add avx512" -DPLASTIC_LEVELS=amx)
  check_refused("PLASTIC_LEVELS is empty" -DPLASTIC_LEVELS=)
endif()
check_refused("PLASTIC_OPTIMIZERS_ONLY leaves out what the program, the tests and the benchmarks need"
              -DPLASTIC_OPTIMIZERS_ONLY=ON -DPLASTIC_BUILD_TESTS=ON)
