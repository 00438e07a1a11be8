// What stands for a compiled kernel: this mark, then the hash of the source in hexadecimal.
#pragma once

namespace tokenwise {

constexpr char IMAGE_MARK[] = "TOKENWISE FAKE CUBIN ";

} // namespace tokenwise
