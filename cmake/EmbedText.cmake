# plastic_embed_text(TARGET HEADER FUNCTION FILE [FUNCTION FILE]...): compiles text files into TARGET.
# Each FUNCTION, declared in HEADER in namespace plastic::apps, returns its FILE as a
# std::string_view.
#
# Run by cmake -P it writes one such function: -D HEADER, FUNCTION, FILE and OUTPUT.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${FILE}" text)
  file(WRITE "${OUTPUT}" "#include \"${HEADER}\"\n\nnamespace plastic::apps {\n"
    "std::string_view ${FUNCTION}() {\n  return R\"plastic_text(${text})plastic_text\";\n}\n"
    "}  // namespace plastic::apps\n")
  return()
endif()

set(PLASTIC_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(plastic_embed_text target header)
  while(ARGN)
    list(POP_FRONT ARGN function file)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -D HEADER=${header} -D FUNCTION=${function} -D FILE=${file}
              -D OUTPUT=${output} -P ${PLASTIC_EMBED_SCRIPT}
      DEPENDS ${file} ${PLASTIC_EMBED_SCRIPT} VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endwhile()
endfunction()
