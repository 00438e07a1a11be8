# wav2vec 2.0, XLS-R and HuBERT with a CTC head, both layouts of norm.
# huggingface/transformers src/transformers/models/wav2vec2/modeling_wav2vec2.py at 00363c3693bca9a0c1d9617cb738e4530dd3784e
# huggingface/transformers src/transformers/models/hubert/modular_hubert.py at 00c27dfbf5c8714c6af271aeb8dfaf866dd2bd48 (HubertFeatureProjection)
#: feat_extract_norm = "group"
#: feat_proj_layer_norm = True
#: feat_extract_activation = "gelu"
#: do_stable_layer_norm = False
#: hidden_act = "gelu"
#: layer_norm_eps = 1e-05
#: num_conv_pos_embeddings = 128
#: num_conv_pos_embedding_groups = 16
#: conv_stride = [5, 2, 2, 2, 2, 2, 2]
  def forward(self: __torch__.Model, w: Dict[str, Tensor], samples: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    sound = torch.reshape(samples, [1, 1, samples.size(0)])
    for i in range(len(conv_stride)):
      at = "feature_extractor.conv_layers." + str(i)
      bias = annotate(Optional[Tensor], None)
      if (at + ".conv.bias") in w:
        bias = w[at + ".conv.bias"]
      sound = torch.conv1d(sound, w[at + ".conv.weight"], bias, [conv_stride[i]])
      if feat_extract_norm == "layer":
        # nn.LayerNorm over channels, with its own epsilon
        sound = torch.transpose(self.norm(w, at + ".layer_norm", torch.transpose(sound, 1, 2), 1e-05), 1, 2)
      elif i == 0:
        # nn.GroupNorm, a group a channel: over time
        sound = torch.group_norm(sound, sound.size(1), w[at + ".layer_norm.weight"], w[at + ".layer_norm.bias"], 1e-05)
      sound = self.activate(sound, feat_extract_activation)
    x = torch.t(torch.select(sound, 0, 0))
    out["features"] = x
    if feat_proj_layer_norm:
      x = self.norm(w, "feature_projection.layer_norm", x, layer_norm_eps)
    x = self.linear(w, "feature_projection.projection", x)
    # weight_norm(dim=2): a length for each place of the kernel
    v = w["encoder.pos_conv_embed.conv.weight_v"]
    kernel = v * (w["encoder.pos_conv_embed.conv.weight_g"] / torch.sqrt(torch.sum(v * v, [0, 1], True)))
    channels = torch.unsqueeze(torch.t(x), 0)
    places = torch.conv1d(channels, kernel, w["encoder.pos_conv_embed.conv.bias"], [1], [num_conv_pos_embeddings // 2], [1], num_conv_pos_embedding_groups)
    if num_conv_pos_embeddings % 2 == 0:
      places = torch.slice(places, 2, 0, places.size(2) - 1)
    x = x + torch.t(torch.select(self.activate(places, feat_extract_activation), 0, 0))
    if not do_stable_layer_norm:
      x = self.norm(w, "encoder.layer_norm", x, layer_norm_eps)
    out["embeddings"] = x
    n = x.size(0)
    scale = 1. / torch.sqrt(hidden_size / num_attention_heads)
    for i in range(num_hidden_layers):
      at = "encoder.layers." + str(i)
      normed = x
      if do_stable_layer_norm:
        normed = self.norm(w, at + ".layer_norm", x, layer_norm_eps)
      q = self.heads(self.linear(w, at + ".attention.q_proj", normed), num_attention_heads)
      k = self.heads(self.linear(w, at + ".attention.k_proj", normed), num_attention_heads)
      v = self.heads(self.linear(w, at + ".attention.v_proj", normed), num_attention_heads)
      x = x + self.linear(w, at + ".attention.out_proj", self.attend(q, k, v, scale, self.window(n, -1, -1), out, i))
      if do_stable_layer_norm:
        normed = self.norm(w, at + ".final_layer_norm", x, layer_norm_eps)
      else:
        x = self.norm(w, at + ".layer_norm", x, layer_norm_eps)
        normed = x
      units = self.activate(self.linear(w, at + ".feed_forward.intermediate_dense", normed), hidden_act)
      x = x + self.linear(w, at + ".feed_forward.output_dense", units)
      if not do_stable_layer_norm:
        x = self.norm(w, at + ".final_layer_norm", x, layer_norm_eps)
      out["layer." + str(i)] = x
    if do_stable_layer_norm:
      x = self.norm(w, "encoder.layer_norm", x, layer_norm_eps)
    out["last"] = x
    if "lm_head.weight" in w:
      out["logits"] = self.linear(w, "lm_head", x)
    return out
