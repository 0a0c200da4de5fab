# The C++ blocks of the documentation, each compiled and run as a test of plastic_tests. Included, not
# added as a folder: a command makes files for targets of its own folder only.
if(NOT PLASTIC_PYTHON3)
  message(STATUS "Plastic: no python3, so the documentation's code is not tested")
  return()
endif()
foreach(page guide extending distributed)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${page}_blocks.cpp)
  add_custom_command(OUTPUT ${source}
    COMMAND ${PLASTIC_PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/docs/extract.py
            ${PROJECT_SOURCE_DIR}/docs/${page}.md ${source}
    DEPENDS docs/extract.py ${PROJECT_SOURCE_DIR}/docs/${page}.md
    VERBATIM)
  target_sources(plastic_tests PRIVATE ${source})
  # Examples name results that they do not use.
  set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-Wno-unused;-Wno-shadow")
endforeach()
