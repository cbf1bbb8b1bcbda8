"""Average precision, ROC area and precision-recall curves by scikit-learn: JSON in, JSON out."""

import json
import sys

import numpy
import sklearn
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    hamming_loss,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
)

given = json.load(sys.stdin)
labels = numpy.array(given["labels"])
probabilities = numpy.array(given["probabilities"]).reshape(len(labels), given["classes"])

classes = []
for label in range(given["classes"]):
    own, scores = labels == label, probabilities[:, label]
    precision, recall, thresholds = precision_recall_curve(own, scores)
    classes.append(
        {
            "averagePrecision": average_precision_score(own, scores),
            "rocAuc": roc_auc_score(own, scores),
            "thresholds": thresholds.tolist(),
            "precision": precision.tolist(),
            "recall": recall.tolist(),
        }
    )
# The same images with any number of labels each.
tags = numpy.array(given["tags"]).reshape(probabilities.shape)
said = probabilities >= numpy.array(given["thresholds"])
scores = {
    average: precision_recall_fscore_support(tags, said, average=average, zero_division=0)[:3]
    for average in (None, "micro", "macro")
}
json.dump(
    {
        "version": sklearn.__version__,
        "classes": classes,
        "labels": {
            "averagePrecision": average_precision_score(tags, probabilities, average=None).tolist(),
            "meanAveragePrecision": average_precision_score(tags, probabilities, average="macro"),
            "perLabel": [values.tolist() for values in scores[None]],
            "micro": scores["micro"],
            "macro": scores["macro"],
            "hammingLoss": hamming_loss(tags, said),
            "accuracy": accuracy_score(tags, said),
        },
    },
    sys.stdout,
)
