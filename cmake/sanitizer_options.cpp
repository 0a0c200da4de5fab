// What the sanitizers' run-time libraries ask a program for when it starts; linked into every
// program of a build that has them. The variables ASAN_OPTIONS, UBSAN_OPTIONS and TSAN_OPTIONS come
// after it.

// A finding ends the program, with a status that neither the program nor a test has a use for.
// Where too much memory is asked for, our own messages are what is tested.
#define PLASTIC_SANITIZER_OPTIONS "halt_on_error=1:exitcode=97:allocator_may_return_null=1"

extern "C" {

[[gnu::visibility("default")]] const char* __asan_default_options() {
  return PLASTIC_SANITIZER_OPTIONS
      ":detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1"
      ":strict_string_checks=1";
}

[[gnu::visibility("default")]] const char* __ubsan_default_options() {
  return PLASTIC_SANITIZER_OPTIONS ":print_stacktrace=1";
}

// Children of a process with threads are tested too. At its end a process stays long enough for its
// threads to be seen using what is destroyed.
[[gnu::visibility("default")]] const char* __tsan_default_options() {
  return PLASTIC_SANITIZER_OPTIONS ":die_after_fork=0:second_deadlock_stack=1:atexit_sleep_ms=50";
}

}  // extern "C"
