/** The model that LangChain4j takes if nobody names one: {@code minilm-acm}. */
package io.tokenwise.langchain4j.minilmacm;
