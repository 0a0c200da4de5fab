#pragma once

#include <functional>
#include <string>

namespace plastic::test {

/// Runs `body` in a child process and ends that by exit() with what it returns: the child's exit
/// code, or 128 + the signal that ended it, 142 (SIGALRM) when it took longer than `seconds`. What
/// the child prints is not seen.
int in_child(const std::function<int()>& body, unsigned seconds = 30);

/// fork(): 0 in the child, and in this process the child's end as in_child() gives it, when it has
/// ended.
int fork_and_wait(unsigned seconds);

/// Whether a test of children that start threads cannot be made here, which this says: emulators of
/// other processors (qemu-user 7) abort in them where this process has threads, too.
bool skips_threads_of_children();

}  // namespace plastic::test
