#pragma once

#include <optional>
#include <string>

#include "apps/runs/checkpoint.h"
#include "plastic/core/device.h"

namespace plastic::apps {

/// Joins the processes that mpirun or srun started beside this one, if it started any: from here on
/// distributed::world() is all of them. The first one alone writes to standard output. Throws Error
/// where the program was built without MPI.
void join_ranks();

/// "rank 2: " for messages, empty on the first rank. There, and where this process is alone, it
/// returns at once; on another rank after a second, for the first one may have the same message and
/// end all.
std::string message_prefix();

/// To be called with the program's exit code, when all is done that it has to do. Where an error
/// ended this rank, which others may wait for, it ends all of them.
void leave_ranks(int code);

/// Throws UsageError where there are several ranks, which would all do the same and write the same
/// files: `what` runs in one process.
void check_is_alone(const std::string& what);

/// Throws Error, on all ranks, where they were given different commands: they would wait for each
/// other.
void check_same_command(const std::string& command);

/// What a rank computes on where `asked` is asked for: each rank of a machine has a CUDA device of
/// its own, cuda:0 the first, and so on. Throws Error where the machine has fewer devices than
/// ranks.
Device device_of_rank(Device asked);
/// That of a rank by its number on a machine of so many `ranks` and `devices`; `is_chosen` where
/// the launcher has chosen which devices a rank sees.
Device device_of_rank(Device asked, int rank, int ranks, int devices, bool is_chosen);

/// What a rank computes the runs of a study on, which do not exchange anything, so that ranks may
/// share a device: the devices of a machine are dealt out to its ranks. To be called by the process
/// that computes a run, since CUDA does not outlive a fork.
Device device_of_runs(Device asked);
/// That of a rank by its number on a machine of so many `devices`.
Device device_of_runs(Device asked, int rank, int devices);

/// The ranks' options, and what they have read, must be the same before the first step: throws
/// Error, on all, naming what differs. `config` is the text of config.toml, of which what has no
/// effect on numbers may differ; `data` describes the data set.
void check_ranks_agree(const std::string& config, const std::string& data);

/// The checkpoint that the first rank continues from, for all; none where it has none.
std::optional<Checkpoint> share_checkpoint(const std::optional<Checkpoint>& of_first_rank);

}  // namespace plastic::apps
