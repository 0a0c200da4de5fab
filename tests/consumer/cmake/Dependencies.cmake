message(FATAL_ERROR "Plastic has included a file of the project that includes it")
