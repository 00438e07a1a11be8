# How much likelier a causal model goes on with one word than with another: Qwen2ForCausalLM's and Qwen3ForCausalLM's logits of the last token, as mxbai-rerank-v2's and Qwen3-Reranker's are compared.
# huggingface/transformers src/transformers/models/qwen3/modeling_qwen3.py at 000c33fdfde12e1ffafbfcdb3c926df5727a00b6 (Qwen3ForCausalLM);
# vllm-project/vllm examples/offline_inference/qwen3_reranker.py (which words, and what is put around a query and a document);
# mixedbread-ai/mxbai-rerank mxbai_rerank/mxbai_rerank_v2.py at 8e709dca09e0fdba6bc7f6d4983940fdd1b783c5 (of 1 and 0)
#: tie_word_embeddings = False
  def forward(self: __torch__.Model, w: Dict[str, Tensor], last: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    n = last.size(0)
    x = torch.slice(last, 0, n - 1, n)
    words = w["embed_tokens.weight"]
    if not tie_word_embeddings:
      words = w["lm_head.weight"]
    logits = torch.matmul(x, torch.t(words))
    out["score"] = torch.slice(logits, 1, yes, yes + 1) - torch.slice(logits, 1, no, no + 1)
    return out
