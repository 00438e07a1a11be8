/** The model minilm-acm, as files below META-INF, which every module may read. */
module io.tokenwise.minilmacm {}
