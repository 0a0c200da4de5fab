// What the comparison with PyTorch runs. Commands:
//   operations                   lists the operations and the declarations that they call
//   serve                        answers calls from standard input (wire.h), for operations.py
//   onnx FOLDER                  writes networks and their results, for onnx_export.py
//   init MODEL FILE              writes the weights of a new model, for models.py
//   run MODEL MODE IN OUT        runs it forward and backward; MODE is train or eval (models.cpp)
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "call.h"
#include "interop.h"

namespace plastic::parity {
namespace {

int main_with(const std::vector<std::string>& arguments) {
  const std::string command = arguments.empty() ? "" : arguments[0];
  if (command == "operations" && arguments.size() == 1) {
    list_operations();
  } else if (command == "serve" && arguments.size() == 1) {
    serve();
  } else if (command == "onnx" && arguments.size() == 2) {
    export_networks(arguments[1]);
  } else if (command == "init" && arguments.size() == 3) {
    init_model(arguments[1], arguments[2]);
  } else if (command == "run" && arguments.size() == 5) {
    run_model(arguments[1], arguments[2], arguments[3], arguments[4]);
  } else {
    std::cerr << "usage: plastic_parity operations | serve | onnx FOLDER\n"
                 "       | init MODEL FILE\n"
                 "       | run MODEL train|eval IN OUT\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace plastic::parity

int main(int count, char** values) {
  try {
    return plastic::parity::main_with({values + 1, values + count});
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
