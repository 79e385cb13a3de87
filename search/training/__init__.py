"""Fine-tuning the site's encoder on the site's own papers (`manage.py train_encoder`), judging what came of it, and the
change to another model.

pairs: graded pairs of texts from the database. runs: the folders of models and of a training that goes on. trainer: the
training itself. judging: whether the new model wins. adopting: the change, beside the serving index.
"""
