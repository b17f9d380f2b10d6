"""Tiny language models that see, of several architectures, with random weights."""

import numpy as np
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    FastVlmConfig,
    FastVlmForConditionalGeneration,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
    TimmWrapperConfig,
)

CHAT = (
    "{% for message in messages %}{{ message.role }}: {% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}<end>"
    "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)


def words(*special):
    """A tokenizer of bytes; the image's token is the first of the special ones."""
    signs = ["<pad>", "<start>", "<end>", *special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({sign: i for i, sign in enumerate(signs)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A", special_tokens=[("<start>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<start>",
        eos_token="<end>",
        extra_special_tokens=list(special),
    )


def language(tokenizer, **more):
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "initializer_range": 0.5,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        **more,
    }


def fast_vlm(tokenizer):
    """MiniLMM's architecture: a convolutional tower of timm, a projector, a Llama."""
    config = FastVlmConfig(
        vision_config=TimmWrapperConfig(
            architecture="resnet10t", do_pooling=False, hidden_size=512, num_labels=0
        ),
        text_config=LlamaConfig(**language(tokenizer)),
        image_token_index=3,
        image_seq_length=4,
    )
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"height": 64, "width": 64}, do_center_crop=False),
        tokenizer,
        patch_size=32,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=CHAT,
    )
    return FastVlmForConditionalGeneration(config), processor


def llava(tokenizer):
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=LlamaConfig(**language(tokenizer)),
        image_token_index=3,
        vision_feature_select_strategy="default",
    )
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"height": 32, "width": 32}, do_center_crop=False),
        tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template="<start>" + CHAT,
    )
    return LlavaForConditionalGeneration(config), processor


ROPE = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10_000.0}
QWEN_IDS = {
    "image_token_id": 3, "video_token_id": 4, "vision_start_token_id": 5, "vision_end_token_id": 6,
}  # fmt: skip


def qwen2_vl(tokenizer):
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 14}
    config = Qwen2VLConfig(
        text_config=language(tokenizer, rope_parameters=ROPE),
        vision_config=vision,
        **QWEN_IDS,
    )
    processor = Qwen2VLProcessor(
        Qwen2VLImageProcessor(min_pixels=4 * 28 * 28, max_pixels=9 * 28 * 28),
        tokenizer,
        Qwen2VLVideoProcessor(),
        chat_template=CHAT.replace("<image>", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    return Qwen2VLForConditionalGeneration(config), processor


def qwen2_5_vl(tokenizer):
    """With an image tower that overflows in float16."""
    _, processor = qwen2_vl(tokenizer)
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 14,
        "out_hidden_size": 32, "window_size": 56, "fullatt_block_indexes": [1],
        "initializer_range": 0.5,
    }  # fmt: skip
    config = Qwen2_5_VLConfig(
        text_config=language(tokenizer, rope_parameters=ROPE),
        vision_config=vision,
        **QWEN_IDS,
    )
    processor = Qwen2_5_VLProcessor(
        processor.image_processor,
        tokenizer,
        processor.video_processor,
        chat_template=processor.chat_template,
    )
    return Qwen2_5_VLForConditionalGeneration(config), processor


def qwen3_vl(tokenizer):
    """The architecture that the profile gpu asks."""
    vision = {
        "depth": 3, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16,
        "out_hidden_size": 32, "deepstack_visual_indexes": [0, 1], "num_position_embeddings": 64,
        "initializer_range": 0.5,
    }  # fmt: skip
    text = language(tokenizer, rope_parameters=ROPE | {"mrope_interleaved": True}, head_dim=8)
    config = Qwen3VLConfig(text_config=text, vision_config=vision, **QWEN_IDS)
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(patch_size=16, min_pixels=4 * 32 * 32, max_pixels=16_384 * 32 * 32),
        tokenizer,
        Qwen3VLVideoProcessor(),
        chat_template=CHAT.replace("<image>", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    return Qwen3VLForConditionalGeneration(config), processor


QWEN = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")


def image(seed):
    """Noise; the Qwen-VL family makes another number of tokens of each shape."""
    shape = ((60, 60, 3), (40, 110, 3), (90, 60, 3))[seed % 3]
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(pixels)
