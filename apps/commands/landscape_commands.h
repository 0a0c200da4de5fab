#pragma once

namespace CLI {
class App;
}

namespace plastic::apps {

// As those in commands.h.

void add_curvature(CLI::App& program);
void add_landscape(CLI::App& program);

}  // namespace plastic::apps
