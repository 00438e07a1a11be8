/** The models vit-cifar10 and vit-cifar10-acm, as files below META-INF, which every module may read. */
module io.tokenwise.vitcifar10 {}
