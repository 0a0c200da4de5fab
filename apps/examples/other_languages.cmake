# The C API (plastic/c_api.h) from C, Rust and Python.

# A run for the examples that load one, where the program is installed beside the library.
find_program(PLASTIC_PROGRAM plastic HINTS ${plastic_DIR}/../../../bin ${plastic_DIR}/../../../../bin)
set(run ${CMAKE_CURRENT_BINARY_DIR}/run)
if(PLASTIC_PROGRAM)
  add_test(NAME a_run COMMAND ${PLASTIC_PROGRAM} train --optimizer adam --epochs 2 --hidden 32 --out ${run})
  set_tests_properties(a_run PROPERTIES FIXTURES_SETUP a_run)
endif()

# plastic_skipped(NAME WHY): a test that says why it cannot run.
function(plastic_skipped name why)
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${why}")
  set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped:")
endfunction()

# plastic_c_example(NAME): a program in C11. The library is C++, and links as such.
function(plastic_c_example name)
  add_executable(${name} ${name}.c)
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_compile_options(${name} PRIVATE -Wall -Wextra -pedantic -Werror)
  target_link_libraries(${name} PRIVATE plastic::plastic)
endfunction()

plastic_c_example(c_optimizer)
add_test(NAME c_optimizer COMMAND c_optimizer)
plastic_c_example(c_classify)
if(PLASTIC_PROGRAM)
  add_test(NAME c_classify COMMAND c_classify ${run})
  set_tests_properties(c_classify PROPERTIES FIXTURES_REQUIRED a_run PASS_REGULAR_EXPRESSION "it is a 1")
else()
  plastic_skipped(c_classify "the plastic program is not installed here")
endif()

# Other languages load a shared library: Plastic's own, or one made of the static library.
get_target_property(type plastic::plastic TYPE)
set(shared plastic::plastic)
if(NOT type STREQUAL "SHARED_LIBRARY")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/nothing.cpp "")
  add_library(plastic_c SHARED ${CMAKE_CURRENT_BINARY_DIR}/nothing.cpp)
  target_link_libraries(plastic_c PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,plastic::plastic>)
  set(shared plastic_c)
endif()

find_program(PLASTIC_RUSTC rustc HINTS $ENV{HOME}/.cargo/bin)
if(PLASTIC_RUSTC)
  add_custom_command(OUTPUT ffi_optimizer
    COMMAND ${PLASTIC_RUSTC} --edition 2021 -O -D warnings -o ffi_optimizer
            ${CMAKE_CURRENT_SOURCE_DIR}/ffi_optimizer.rs -C link-arg=$<TARGET_FILE:${shared}>
            -C link-arg=-Wl,-rpath,$<TARGET_FILE_DIR:${shared}>
    DEPENDS ${shared} ${CMAKE_CURRENT_SOURCE_DIR}/ffi_optimizer.rs)
  add_custom_target(build_ffi_optimizer ALL DEPENDS ffi_optimizer)
  add_test(NAME ffi_optimizer COMMAND ${CMAKE_CURRENT_BINARY_DIR}/ffi_optimizer)
else()
  plastic_skipped(ffi_optimizer "there is no rustc")
endif()

find_package(Python3 COMPONENTS Interpreter)
set(script ${CMAKE_CURRENT_SOURCE_DIR}/ctypes_plastic.py)
if(NOT Python3_Interpreter_FOUND)
  plastic_skipped(ctypes_plastic "there is no Python")
elseif(PLASTIC_PROGRAM)
  add_test(NAME ctypes_plastic COMMAND ${Python3_EXECUTABLE} ${script} $<TARGET_FILE:${shared}> ${run})
  set_tests_properties(ctypes_plastic PROPERTIES FIXTURES_REQUIRED a_run)
else()
  add_test(NAME ctypes_plastic COMMAND ${Python3_EXECUTABLE} ${script} $<TARGET_FILE:${shared}>)
endif()
