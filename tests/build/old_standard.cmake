# A program that is compiled for an older C++ learns so first, and not from hundreds of errors:
#   cmake -DINCLUDE=… -DCOMPILER=… -DFOLDER=… -P old_standard.cmake

file(REMOVE_RECURSE ${FOLDER})

# compile(HEADER STANDARD): sets failed and errors, the lines of the compiler's output that are errors.
function(compile header standard)
  file(WRITE ${FOLDER}/program.cpp "#include <plastic/${header}>\nint main() {}\n")
  execute_process(COMMAND ${COMPILER} -std=${standard} -fsyntax-only -I${INCLUDE} ${FOLDER}/program.cpp
                  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE failed)
  string(REGEX MATCHALL "error: [^\n]*" errors "${output}")
  set(failed ${failed} PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

foreach(header plastic.h optim/raw.h core/tensor.h core/ops.h nn/module.h data/loader.h)
  compile(${header} c++17)
  list(LENGTH errors count)
  # The second ends the compilation.
  if(NOT failed OR NOT count EQUAL 2 OR NOT errors MATCHES "^error: [^;]*Plastic needs C\\+\\+20")
    message(SEND_ERROR "${header}: C++17 should be refused first and alone: ${errors}")
  endif()
endforeach()
foreach(row "optim/raw.h c++20" "c_api.h c++17")
  separate_arguments(row)
  compile(${row})
  if(failed)
    message(SEND_ERROR "${row}: does not compile: ${errors}")
  endif()
endforeach()
