# A program whose headers do not match the library fails to link, and the linker says why:
#   cmake -DINCLUDE=… -DLIBRARY=… -DCOMPILER=… -DFLAGS=… -DFOLDER=… -P link_check.cmake

separate_arguments(FLAGS UNIX_COMMAND "${FLAGS}")
file(REMOVE_RECURSE ${FOLDER})
file(WRITE ${FOLDER}/program.cpp
  "#include <plastic/core/device.h>\nint main() { return plastic::version()[0] != 0 ? 0 : 1; }\n")

# check(NAME WORDS ARGUMENT...): compiled and linked with these arguments, it fails with these words;
# without words it links.
function(check name words)
  execute_process(
    COMMAND ${COMPILER} ${FLAGS} -std=c++20 -O2 -ffunction-sections -fdata-sections ${ARGN} -I${INCLUDE}
            ${FOLDER}/program.cpp ${LIBRARY} -pthread -Wl,--gc-sections -o ${FOLDER}/${name}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE failed)
  if(NOT words AND failed)
    message(SEND_ERROR "${name}: does not link:\n${output}")
  elseif(words AND NOT failed)
    message(SEND_ERROR "${name}: links, and should fail with ${words}")
  elseif(words AND NOT output MATCHES "undefined reference to .${words}")
    message(SEND_ERROR "${name}: does not say ${words}:\n${output}")
  endif()
endfunction()

check(same "")
if(NOT FLAGS MATCHES "stdlib=libc\\+\\+")
  check(debug plastic_headers_with_GLIBCXX_DEBUG_need_a_library_with_GLIBCXX_DEBUG
        -D_GLIBCXX_DEBUG)
  check(old_strings
        plastic_headers_with_GLIBCXX_USE_CXX11_ABI_0_need_a_library_with_GLIBCXX_USE_CXX11_ABI_0
        -D_GLIBCXX_USE_CXX11_ABI=0)
endif()

# Headers of the next version.
file(READ ${INCLUDE}/plastic/core/version.h text)
string(REGEX MATCH "PLASTIC_VERSION_MAJOR ([0-9]+)" major "${text}")
set(major ${CMAKE_MATCH_1})
string(REGEX MATCH "PLASTIC_VERSION_MINOR ([0-9]+)" minor "${text}")
math(EXPR next "${CMAKE_MATCH_1} + 1")
string(REPLACE "${minor}" "PLASTIC_VERSION_MINOR ${next}" text "${text}")
file(WRITE ${FOLDER}/next/plastic/core/version.h "${text}")
set(next of_version_${major}_${next})
check(next_version plastic_headers_${next}_need_a_library_${next} -I${FOLDER}/next)
