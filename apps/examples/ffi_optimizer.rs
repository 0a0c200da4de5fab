// An optimizer of Plastic on a Rust program's own buffers, through the C API. rustc alone builds it,
// against a shared library:
//   rustc --edition 2021 ffi_optimizer.rs -C link-arg=PREFIX/lib/libplastic.so
use std::ffi::{c_char, CStr, CString};
use std::ptr;

#[repr(C)]
struct Parameter {
    values: *mut f32,
    count: usize,
    shape: *const i64,
    rank: usize,
}

/// plastic_optimizer, which only the library sees into.
#[repr(C)]
struct Handle {
    _private: [u8; 0],
}

extern "C" {
    fn plastic_last_error() -> *const c_char;
    fn plastic_optimizer_create(
        name: *const c_char,
        options: *const c_char,
        parameters: *const Parameter,
        count: usize,
        optimizer: *mut *mut Handle,
    ) -> i32;
    fn plastic_optimizer_destroy(optimizer: *mut *mut Handle);
    fn plastic_optimizer_step(
        optimizer: *mut Handle,
        gradients: *const *const f32,
        count: usize,
    ) -> i32;
}

fn checked(status: i32) -> Result<(), String> {
    if status == 0 {
        return Ok(());
    }
    // The message is the thread's own and is copied before the next call.
    Err(unsafe { CStr::from_ptr(plastic_last_error()) }.to_string_lossy().into_owned())
}

/// An optimizer that owns its parameters, which therefore neither move nor go before it does.
struct Optimizer {
    handle: *mut Handle,
    parameters: Vec<Box<[f32]>>,
}

impl Optimizer {
    fn new(name: &str, options: &str, parameters: Vec<(Box<[f32]>, Vec<i64>)>) -> Result<Self, String> {
        let name = CString::new(name).map_err(|error| error.to_string())?;
        let options = CString::new(options).map_err(|error| error.to_string())?;
        let (mut values, shapes): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
        let described: Vec<Parameter> = values
            .iter_mut()
            .zip(&shapes)
            .map(|(values, shape): (&mut Box<[f32]>, &Vec<i64>)| Parameter {
                values: values.as_mut_ptr(),
                count: values.len(),
                shape: shape.as_ptr(),
                rank: shape.len(),
            })
            .collect();
        let mut handle = ptr::null_mut();
        checked(unsafe {
            plastic_optimizer_create(
                name.as_ptr(),
                options.as_ptr(),
                described.as_ptr(),
                described.len(),
                &mut handle,
            )
        })?;
        Ok(Self { handle, parameters: values })
    }

    fn step(&mut self, gradients: &[&[f32]]) -> Result<(), String> {
        let fits = gradients.len() == self.parameters.len()
            && gradients.iter().zip(&self.parameters).all(|(g, p)| g.len() == p.len());
        if !fits {
            return Err("the gradients differ in size from the parameters".into());
        }
        let pointers: Vec<*const f32> = gradients.iter().map(|g| g.as_ptr()).collect();
        checked(unsafe { plastic_optimizer_step(self.handle, pointers.as_ptr(), pointers.len()) })
    }
}

impl Drop for Optimizer {
    fn drop(&mut self) {
        unsafe { plastic_optimizer_destroy(&mut self.handle) }
    }
}

fn main() -> Result<(), String> {
    // The middle of a valley: the gradient of sum of (x - 2)^2.
    let start = vec![0.0f32; 12].into_boxed_slice();
    let mut optimizer = Optimizer::new("neuroplastic", "lr=0.2", vec![(start, vec![3, 4])])?;
    for _ in 0..300 {
        let gradient: Vec<f32> = optimizer.parameters[0].iter().map(|x| 2.0 * (x - 2.0)).collect();
        optimizer.step(&[&gradient])?;
    }
    let farthest =
        optimizer.parameters[0].iter().map(|x| (x - 2.0).abs()).fold(0.0f32, f32::max);
    println!("farthest from 2: {farthest:.2e}");
    let refused = Optimizer::new("sgd", "speed=1", vec![(vec![0.0f32].into_boxed_slice(), vec![1])]);
    match refused {
        Err(message) if message.contains("no option") => println!("refused: {message}"),
        _ => return Err("an unknown option was not refused".into()),
    }
    if farthest < 1e-2 { Ok(()) } else { Err("it did not arrive".into()) }
}
