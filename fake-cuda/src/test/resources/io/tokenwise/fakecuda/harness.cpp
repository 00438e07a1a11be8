// How a kernel is tested in C++ alone. Says what went wrong and ends with 1, or says nothing.
#include <cstdio>

#include "shim.h"

#include "threads.cu"

#include "launch.h"

int main() {
    tokenwise::Array<float> x(1000), y(10);
    for (int i = 0; i < 1000; i++) {
        x[i] = float(i);
    }
    for (unsigned seed = 0; seed < 300; seed += 37) {
        tokenwise::launchSeed = seed;
        launch(sumRows, dim3(10), 256, 1024, x, y, 100);
        for (int i = 0; i < 10; i++) {
            if (y[i] != float(i * 10000 + 4950)) {
                printf("seed %u, row %d: %g\n", seed, i, y[i]);
                return 1;
            }
        }
    }
    auto failure = tokenwise::tryLaunch("twice", twice, 1, 128, 0, x, nullptr, 1);
    if (failure.code != 700) {
        printf("writing to null: %d %s\n", failure.code, failure.text);
        return 1;
    }
    launch(twice, 1, 128, 0, x, y, 13); // ends the program: y has 10 elements, and room up to 12
    return 0;
}
