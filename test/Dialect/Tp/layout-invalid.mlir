// RUN: tp-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics -o /dev/null

// expected-error@+1 {{mesh axis "tp" appears twice}}
tp.mesh @mesh <["tp"=2, "tp"=4]>

// -----

// expected-error@+1 {{mesh axis "tp" has size 0, need at least 1}}
tp.mesh @mesh <["tp"=0]>

// -----

// expected-error@+1 {{bandwidth of mesh axis "tp" must be positive}}
tp.mesh @mesh <["tp"=2 {bandwidth = 0.0}]>

// -----

// expected-error@+1 {{expected 'bandwidth' or 'latency', got 'speed'}}
tp.mesh @mesh <["tp"=2 {speed = 1.0}]>

// -----

// expected-error@+1 {{the mesh has too many devices}}
tp.mesh @mesh <["a"=65536, "b"=65536]>

// -----

// expected-error@+1 {{a sub-axis cannot have size 0}}
"test.op"() {a = #tp.axes<["tp":(2)0]>} : () -> ()

// -----

// expected-error@+1 {{'units' must come last}}
"test.op"() {a = #tp.layout<@mesh, [{units = 2, "tp"}]>} : () -> ()

// -----

// expected-error@+1 {{unknown reduction 'mean', need sum, max or min}}
"test.op"() {a = #tp.layout<@mesh, [], partial = mean{"tp"}>} : () -> ()

// -----

// expected-error@+1 {{layout names @mesh, which is no tp.mesh}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{}]>]} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{result #0: mesh @mesh has no axis "pp"}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{"pp"}]>]} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{sub-axis "tp":(2)4 does not divide the axis of size 4}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{"tp":(2)4}]>]} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{layout has 1 dimensions for a tensor of rank 2}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{}]>]} : () -> tensor<8x8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{axis "tp":(2)2 has two roles in one layout}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{"tp"}, {"tp":(2)2}]>]} : () -> tensor<8x8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{axis "tp" has two roles in one layout}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{"tp"}], partial = sum{"tp"}>]} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{3 units do not divide dimension 0 of size 8}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{"tp", units = 3}]>]} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{is not canonical, need #tp.layout<@mesh, [{"tp"}]>}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{"tp":(1)2, "tp":(2)2}]>]} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{is not canonical, need #tp.layout<@mesh, [{"tp"}]>}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{"tp", units = 4}]>]} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{'tp.layouts' has 2 layouts for 1 results}}
"test.op"() {tp.layouts = [#tp.layout<@mesh, [{}]>, #tp.layout<@mesh, [{}]>]} : () -> tensor<8xf32>

// -----

// expected-error@+1 {{'tp.layouts' must be an array of layouts}}
"test.op"() {tp.layouts = "tp"} : () -> tensor<8xf32>

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{argument #0: layout has 1 dimensions for a tensor of rank 2}}
func.func private @f(tensor<8x8xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>})

// -----

tp.mesh @mesh <["tp"=4]>
// expected-error@+1 {{result #0: mesh @mesh has no axis "dp"}}
func.func private @f() -> (tensor<8xf32> {tp.layout = #tp.layout<@mesh, [{"dp"}]>})

// -----

// expected-error@+1 {{#tp.dims has 1 sizes for a tensor of rank 2}}
func.func private @f(tensor<?x8xf32, #tp.dims<[s0]>>)

// -----

// expected-error@+1 {{#tp.dims gives dimension 1 of size 8 the size 7}}
func.func private @f(tensor<?x8xf32, #tp.dims<[s0, 7]>>)

// -----

// expected-error@+1 {{#tp.dims gives dynamic dimension 0 the constant size 4}}
func.func private @f(tensor<?x8xf32, #tp.dims<[(s0 * 4) floordiv s0, 8]>>)

// -----

// expected-error@+1 {{'tp.symbols' must be an array of strings}}
module attributes {tp.symbols = [1]} {}

// -----

// expected-error@+1 {{'tp.files' belongs on a module}}
"test.op"() {tp.files = ["a"]} : () -> ()
