#pragma once

namespace plastic::emulator {

/// What the environment asks of the emulated device, so that one program tests several devices:
/// PLASTIC_EMULATE names, between commas,
///   shuffled              threads of a block run in a new random order between two barriers
///   backwards             blocks run from the last to the first
///   late-reads            the device reads the host's pageable memory itself, when a copy's turn
///                         comes, as devices do that share the host's page tables
///   multiprocessors=N     instead of 2
struct Options {
  bool shuffled = false;
  bool backwards = false;
  bool late_reads = false;
  int multiprocessors = 2;
};

/// Ends the process where PLASTIC_EMULATE names something else.
const Options& options();

}  // namespace plastic::emulator
