/** @file
 * Plastic for programs in C, and in every language that calls C: an optimizer on buffers that the
 * caller owns, and inference of a network that `plastic train` saved. C11 and C++.
 *
 * Errors. Functions that can fail return a plastic_status; all but PLASTIC_OK leave what they were
 * given as it was, except where they say otherwise, and plastic_last_error() says what was wrong.
 * No C++ exception leaves a function.
 *
 * Handles. A plastic_optimizer or plastic_model is made by its create or load function and freed by
 * its destroy function, which takes the address of the handle and sets it to NULL: destroying it
 * twice, or NULL, does nothing. Copies of a handle are not cleared and must not be used afterwards.
 * NULL where a handle, an array or a text is needed is PLASTIC_ERROR_ARGUMENT.
 *
 * Threads. Different handles may be used from different threads at the same time; one handle from
 * one thread at a time, whichever it is. Optimizers on one CUDA device take turns. Loops run on
 * threads of the library's own; results have the same bits for any number of them.
 *
 * Stability. What is declared here keeps its meaning and its binary form: what is new is added, as
 * functions, as keys in the options' text, and at the end of structs that begin with struct_size.
 */
#ifndef PLASTIC_C_API_H
#define PLASTIC_C_API_H

#include <stddef.h>
#include <stdint.h>

/** The version of these declarations, raised when something is added. */
#define PLASTIC_C_API_VERSION 3

#if defined(__GNUC__) && !defined(_WIN32)
#define PLASTIC_C_API __attribute__((visibility("default")))
#else
/** Marks what a shared library exports. */
#define PLASTIC_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** PLASTIC_OK or one of the errors below. */
typedef int32_t plastic_status;

enum {
  /** Done. */
  PLASTIC_OK = 0,
  /** A null pointer, an index or a number of elements that does not fit. */
  PLASTIC_ERROR_ARGUMENT = 1,
  /** The library refuses: an unknown optimizer or option, a value out of range, a shape of more
   * than 8 sizes or with a negative one, parameters that overlap, a step in evaluation mode. */
  PLASTIC_ERROR_REFUSED = 2,
  /** A file that cannot be read or written, is damaged, or holds something else. */
  PLASTIC_ERROR_FILE = 3,
  /** There is not enough memory. */
  PLASTIC_ERROR_MEMORY = 4,
  /** A mistake in the library. */
  PLASTIC_ERROR_INTERNAL = 5
};

/** The PLASTIC_C_API_VERSION of the library that runs, to compare with the header's: it must not be
 * less. */
PLASTIC_C_API int32_t plastic_c_api_version(void);

/** What was wrong in the last call on this thread that failed: "[operation] what: the values; what
 * to do", UTF-8; "" if none did. Valid until the next failure on this thread. */
PLASTIC_C_API const char* plastic_last_error(void);

/** The threads that loops run on, the caller's included: as many as there are processors, unless
 * set. Any thread may set it at any time. */
PLASTIC_C_API int32_t plastic_num_threads(void);
/** Sets it, 1 to 1024. */
PLASTIC_C_API plastic_status plastic_set_num_threads(int32_t count);

/* ---- Optimizers ---- */

/** An optimizer and what it keeps of each parameter. */
typedef struct plastic_optimizer plastic_optimizer;

/** A parameter in the caller's memory; this struct does not grow. */
typedef struct plastic_parameter {
  /** Aligned as a float is; 64 bytes are fastest. Row-major. */
  float* values;
  /** How many there are: the product of the shape. */
  size_t count;
  /** Sizes; a weight has (outputs, inputs) or (outputs, inputs, height, width), by which rules over
   * matrices go. May be NULL where rank is 0. */
  const int64_t* shape;
  /** How many sizes there are, 0 to 8. */
  size_t rank;
} plastic_parameter;

/** Parameters that share options; this struct does not grow. */
typedef struct plastic_parameter_group {
  /** Its parameters, which are read while the optimizer is made. */
  const plastic_parameter* parameters;
  /** How many there are. */
  size_t count;
  /** As plastic_optimizer_create() takes them; may be NULL. */
  const char* options;
} plastic_parameter_group;

/** What values of a state are. */
enum {
  /** float */
  PLASTIC_F32 = 0,
  /** double */
  PLASTIC_F64 = 1,
  /** int64_t */
  PLASTIC_I64 = 2
};

/** A part of an optimizer's state, where it lies; this struct does not grow. All pointers are valid
 * as long as the optimizer. */
typedef struct plastic_state {
  /** That of the C++ library's Optimizer::state_dict(): "state.0.exp_avg", "state.0.step",
   * "group.0.lr". */
  const char* name;
  /** PLASTIC_F32, PLASTIC_F64 or PLASTIC_I64. */
  int32_t dtype;
  /** Row-major; NULL where there are none. */
  void* values;
  /** How many there are. */
  size_t count;
  /** Sizes, whose product that is. */
  const int64_t* shape;
  /** How many sizes there are; 0 for a single number. */
  size_t rank;
} plastic_state;

/** An option that an optimizer has; this struct does not grow. Pointers are valid as long as the
 * library is loaded. */
typedef struct plastic_option {
  /** With underscores: "weight_decay". */
  const char* name;
  /** What it may be, in words: "a number", "true or false", "raw or match_grad_norm". */
  const char* values;
  /** As options' text has it. */
  const char* default_value;
} plastic_option;

/** A number that an optimizer reports about its last step. */
typedef struct plastic_diagnostic {
  /** Valid as long as the optimizer. */
  const char* name;
  /** The number. */
  double value;
} plastic_diagnostic;

/** How many names plastic_optimizer_create() knows; 0 where memory is out. */
PLASTIC_C_API size_t plastic_optimizer_name_count(void);
/** One of them, such as "neuroplastic", "sgd", "adam" or "muon"; NULL for an index that is not
 * below the count. */
PLASTIC_C_API const char* plastic_optimizer_name(size_t index);

/** How many options the optimizer called `name` has; 0 for an unknown name and where memory is
 * out. */
PLASTIC_C_API size_t plastic_optimizer_option_count(const char* name);
/** One of them; lr and weight_decay come first. */
PLASTIC_C_API plastic_status plastic_optimizer_option(const char* name, size_t index,
                                                      plastic_option* option);

/** Makes an optimizer over `count` parameters, which stay where they are and must outlive it.
 * `options` is NULL or "key=value,key=value", such as "lr=0.1,weight_decay=0.01": the options that
 * `plastic train --help` lists, without "np." for NeuroPlastic's. What is not given has the
 * default of that list. `*optimizer` is written only on success. */
PLASTIC_C_API plastic_status plastic_optimizer_create(const char* name, const char* options,
                                                      const plastic_parameter* parameters,
                                                      size_t count, plastic_optimizer** optimizer);

/** The same over groups of parameters with options of their own. Wherever parameters are counted,
 * as in a step, they are in order over all groups. */
PLASTIC_C_API plastic_status plastic_optimizer_create_groups(const char* name,
                                                             const plastic_parameter_group* groups,
                                                             size_t group_count,
                                                             plastic_optimizer** optimizer);

/** How many CUDA devices there are to make optimizers on; 0 where there are none, and in a library
 * that was built without CUDA. */
PLASTIC_C_API int32_t plastic_cuda_device_count(void);

/** The same for parameters in the memory of CUDA device `device`, counted from 0, where gradients
 * and all f32 values of the state are, too; other values of the state are in the host's memory.
 * `stream` is the cudaStream_t in which the caller computes gradients and reads parameters, NULL
 * the legacy default stream; a program whose default stream is per thread gives
 * cudaStreamPerThread. The stream must exist until plastic_optimizer_set_stream() gives another or
 * the optimizer is destroyed. What this function and others are asked to do on the device comes
 * after what the stream was given before the call and before what it is given afterwards. The host
 * does not wait for it until it is eight steps ahead, except in steps of prodigy and soap and where
 * numbers are asked for. PLASTIC_ERROR_REFUSED for a device that is not there, and for addresses
 * that are not in its memory, gradients' included. A stream that is being captured is refused by
 * every function that works on the device. */
PLASTIC_C_API plastic_status plastic_optimizer_create_on_cuda(const char* name,
                                                              const plastic_parameter_group* groups,
                                                              size_t group_count, int32_t device,
                                                              void* stream,
                                                              plastic_optimizer** optimizer);
/** Another stream of that device, for all calls from now on. PLASTIC_ERROR_REFUSED for an optimizer
 * whose parameters are in the host's memory. */
PLASTIC_C_API plastic_status plastic_optimizer_set_stream(plastic_optimizer* optimizer,
                                                          void* stream);

/** Frees the optimizer, not the parameters, and sets *optimizer to NULL. */
PLASTIC_C_API void plastic_optimizer_destroy(plastic_optimizer** optimizer);

/** One step: writes to the parameters, and reads the gradients, where they are. `gradients` has one
 * pointer for each of the `count` parameters, to as many floats as the parameter has; a parameter
 * whose gradient is NULL is left as it is. A gradient must not overlap a parameter. After the first
 * step, nothing is allocated (but by adafactor and soap). Where memory is out, some parameters may
 * have been updated. */
PLASTIC_C_API plastic_status plastic_optimizer_step(plastic_optimizer* optimizer,
                                                    const float* const* gradients, size_t count);

/** Memory of the optimizer's for the gradient of a parameter, 0 at first, for callers who have none
 * of their own: they compute it there and pass its address to the step. Either of `values` and
 * `count` may be NULL. */
PLASTIC_C_API plastic_status plastic_optimizer_gradient(plastic_optimizer* optimizer, size_t index,
                                                        float** values, size_t* count);

/** The learning rate; of several groups, the first's. */
PLASTIC_C_API plastic_status plastic_optimizer_lr(const plastic_optimizer* optimizer, double* lr);
/** Sets the learning rate of the next steps, 0 or more, for all groups. */
PLASTIC_C_API plastic_status plastic_optimizer_set_lr(plastic_optimizer* optimizer, double lr);
/** The learning rate of one group. */
PLASTIC_C_API plastic_status plastic_optimizer_group_lr(const plastic_optimizer* optimizer,
                                                        size_t group, double* lr);
/** Sets that of one group. */
PLASTIC_C_API plastic_status plastic_optimizer_set_group_lr(plastic_optimizer* optimizer,
                                                            size_t group, double lr);

/** Tells schedules inside of rules, as NeuroPlastic's warm-up, how far training has come: to be
 * called before the first step of each epoch. Epochs count from 1. */
PLASTIC_C_API plastic_status plastic_optimizer_set_epoch(plastic_optimizer* optimizer,
                                                         int32_t epoch, int32_t total_epochs);

/** The schedule-free optimizers evaluate other weights than they train: this puts those into the
 * parameters, and steps are refused until plastic_optimizer_train(). For all others it does
 * nothing. */
PLASTIC_C_API plastic_status plastic_optimizer_eval(plastic_optimizer* optimizer);
/** Puts the weights of training back; nothing in training mode, in which optimizers begin. */
PLASTIC_C_API plastic_status plastic_optimizer_train(plastic_optimizer* optimizer);

/** What the rule reports about its last step (NeuroPlastic with the option "diagnostics=true"):
 * writes up to `capacity` of them, and to *count how many there are. `diagnostics` may be NULL
 * where capacity is 0. */
PLASTIC_C_API plastic_status plastic_optimizer_diagnostics(plastic_optimizer* optimizer,
                                                           plastic_diagnostic* diagnostics,
                                                           size_t capacity, size_t* count);

/** Writes the state, without the parameters, to a safetensors file, which is replaced as a whole.
 * The names are those of the C++ library's Optimizer::state_dict(), so that either loads what the
 * other saved. Paths are UTF-8. */
PLASTIC_C_API plastic_status plastic_optimizer_save(const plastic_optimizer* optimizer,
                                                    const char* path);
/** Reads a state back, of the same optimizer over parameters of the same shapes. The file is not
 * trusted. */
PLASTIC_C_API plastic_status plastic_optimizer_load(plastic_optimizer* optimizer, const char* path);

/** How many parts the state has; 0 for NULL. */
PLASTIC_C_API size_t plastic_optimizer_state_count(const plastic_optimizer* optimizer);
/** One of them. What is written to its values counts from the next step on; they stay where they
 * are as long as the optimizer, which plastic_optimizer_load() does not change. */
PLASTIC_C_API plastic_status plastic_optimizer_state(const plastic_optimizer* optimizer,
                                                     size_t index, plastic_state* state);

/* ---- Inference ---- */

/** A network for inference. */
typedef struct plastic_model plastic_model;

/** What a network reads and tells apart. Pointers are valid as long as the model. */
typedef struct plastic_model_info {
  /** sizeof(plastic_model_info) of the caller, set before the call: no more is written. */
  size_t struct_size;
  /** Channels of an image, which is channels * height * width floats, row-major. A byte of channel
   * c is (byte / 255 - mean[c]) / deviation[c]. */
  int64_t channels;
  /** Rows of an image. */
  int64_t height;
  /** Columns of an image. */
  int64_t width;
  /** One number per channel. */
  const float* mean;
  /** One number per channel. */
  const float* deviation;
  /** Outputs per image: the logits of the classes, in their order. */
  int64_t classes;
  /** What each of them means, UTF-8. */
  const char* const* class_names;
  /** Such as "mlp". */
  const char* model;
  /** The data set that it was trained on. */
  const char* data;
  /** For how many epochs. */
  int64_t epoch;
} plastic_model_info;

/** Loads the network of a run: a folder that `plastic train --out` made, whose best.safetensors
 * goes before checkpoint.safetensors, or one such file. `*model` is written only on success. */
PLASTIC_C_API plastic_status plastic_model_load(const char* path, plastic_model** model);

/** Frees the model and sets *model to NULL. */
PLASTIC_C_API void plastic_model_destroy(plastic_model** model);

/** Writes what the network reads and tells apart to *info, whose struct_size is set. */
PLASTIC_C_API plastic_status plastic_model_get_info(const plastic_model* model,
                                                    plastic_model_info* info);

/** Computes the logits of `images` images. `input_count` and `output_count` say how many floats the
 * arrays have: images * channels * height * width, and images * classes. After the first call with
 * as many images, nothing is allocated. */
PLASTIC_C_API plastic_status plastic_model_run(plastic_model* model, size_t images,
                                               const float* input, size_t input_count,
                                               float* output, size_t output_count);

#ifdef __cplusplus
}
#endif

#endif
