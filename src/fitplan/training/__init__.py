"""Plan a LoRA run of musubi-tuner inside a card's VRAM."""
