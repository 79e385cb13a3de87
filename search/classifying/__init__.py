"""Where a text would belong: which of arXiv's categories papers like it are filed under."""
