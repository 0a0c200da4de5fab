#pragma once

namespace CLI {
class App;
}

namespace plastic::apps {

// Each adds one subcommand with its options; parsing it runs it. A run throws UsageError for what
// the command line cannot mean and Error for what fails.

void add_train(CLI::App& program);
void add_compare(CLI::App& program);
void add_study(CLI::App& program);
void add_tune(CLI::App& program);
void add_data(CLI::App& program);
void add_predict(CLI::App& program);
void add_export(CLI::App& program);
void add_report(CLI::App& program);
void add_probe(CLI::App& program);
void add_info(CLI::App& program);

}  // namespace plastic::apps
