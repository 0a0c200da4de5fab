#pragma once

namespace plastic::distributed {

/// Before a message about what ends this rank: where several fail for the same reason, the first
/// one says so and ends the others in the second that they wait here.
void let_first_rank_speak();

/// Ends all ranks, of which there are several, with the code.
void end_ranks(int code);

}  // namespace plastic::distributed
