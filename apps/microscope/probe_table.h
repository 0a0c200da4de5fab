#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/microscope/probe_history.h"
#include "apps/microscope/probe_record.h"

namespace plastic::apps {

// What `plastic probe` prints, a line each. Names are as the file has them: standard output escapes
// what is not printable.

/// "step 460, epoch 10, loss 0.418, learning rate 0.02".
std::string step_line(const ProbeRecord& record);

/// Norms, ratios, cosines and the optimizer's own numbers but shares, a tensor a line below a head.
std::vector<std::string> norms_table(const ProbeHeader& header, const ProbeRecord& record);

/// A signal's numbers at the step, the shares of what it is made of and sparklines over time, a
/// tensor a line below a head. Of a header without signals, the sparklines.
std::vector<std::string> signal_table(const ProbeHeader& header, const ProbeRecord& record,
                                      std::size_t signal, const ProbeHistory& history);

/// Both in short, in at most `lines` lines (at least 4): where the tensors are more, those with the
/// largest share at a clip, or the largest ratio where nothing clips, and how many are not shown.
std::vector<std::string> live_table(const ProbeHeader& header, const ProbeRecord& record,
                                    std::size_t signal, const ProbeHistory& history,
                                    std::size_t lines);

}  // namespace plastic::apps
