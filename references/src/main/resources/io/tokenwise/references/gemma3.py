# Gemma 3's text model, causal or, as EmbeddingGemma is, not.
# huggingface/transformers src/transformers/models/gemma3/modeling_gemma3.py at 0018aa647bb13801f061e2d1027c326f531b59fb. A window counts its own token
# (kv > q - window); if not causal, configuration_gemma3.py of that time makes it window // 2 + 1 on either side, which
# huggingface/text-embeddings-inference backends/candle/src/models/gemma3.rs at 0d124dc9773be6ac5a9a57d8439aba9bbbf33273 says as |i - j| <= window / 2.
# By is_causal alone the window is not halved (src/transformers/masking_utils.py at 00c4411cbe15d4c56d54d3b56d4d171e9c289dac,
# sliding_window_bidirectional_overlay).
# In float32 embeddings are scaled by the square root as it is.
#: hidden_activation = "gelu_pytorch_tanh"
#: rms_norm_eps = 1e-06
#: rope_theta = 1000000.0
#: rope_local_base_freq = 10000.0
#: head_dim = 256
#: rope_scaling_factor = 1.0
#: query_pre_attn_scalar = 256
#: sliding_window = 4096
#: sliding_window_pattern = 6
#: layer_types = [""]
#: use_bidirectional_attention = False
#: is_causal = True
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    x = torch.embedding(w["embed_tokens.weight"], ids) * torch.sqrt(float(hidden_size))
    out["embeddings"] = x
    scale = 1. / torch.sqrt(float(query_pre_attn_scalar))
    for i in range(num_hidden_layers):
      at = "layers." + str(i)
      base = float(rope_theta)
      before = -1
      after = 0
      if use_bidirectional_attention or not is_causal:
        after = -1
      slides = (i + 1) % sliding_window_pattern != 0
      if layer_types[0] != "":
        slides = layer_types[i] == "sliding_attention"
      if slides:
        base = float(rope_local_base_freq)
        before = sliding_window - 1
        if use_bidirectional_attention:
          before = sliding_window // 2
          after = sliding_window // 2
        if not is_causal:
          before = sliding_window
          after = sliding_window
      # Gemma3TextModel's rotary_emb_local has no scaling.
      factor = float(rope_scaling_factor)
      if slides:
        factor = 1.
      turn = self.rotary_linear(n, head_dim, base, factor)
      normed = self.rms_norm(w, at + ".input_layernorm", x, rms_norm_eps, 1.)
      q = self.heads(self.linear(w, at + ".self_attn.q_proj", normed), num_attention_heads)
      k = self.heads(self.linear(w, at + ".self_attn.k_proj", normed), num_key_value_heads)
      v = self.heads(self.linear(w, at + ".self_attn.v_proj", normed), num_key_value_heads)
      q = self.rotate(self.rms_norm(w, at + ".self_attn.q_norm", q, rms_norm_eps, 1.), turn[0], turn[1])
      k = self.rotate(self.rms_norm(w, at + ".self_attn.k_norm", k, rms_norm_eps, 1.), turn[0], turn[1])
      attended = self.linear(w, at + ".self_attn.o_proj", self.attend(q, k, v, scale, self.window(n, before, after), out, i))
      x = x + self.rms_norm(w, at + ".post_attention_layernorm", attended, rms_norm_eps, 1.)
      normed = self.rms_norm(w, at + ".pre_feedforward_layernorm", x, rms_norm_eps, 1.)
      units = self.activate(self.linear(w, at + ".mlp.gate_proj", normed), hidden_activation) * self.linear(w, at + ".mlp.up_proj", normed)
      x = x + self.rms_norm(w, at + ".post_feedforward_layernorm", self.linear(w, at + ".mlp.down_proj", units), rms_norm_eps, 1.)
      out["layer." + str(i)] = x
    out["last"] = self.rms_norm(w, "norm", x, rms_norm_eps, 1.)
    return out
