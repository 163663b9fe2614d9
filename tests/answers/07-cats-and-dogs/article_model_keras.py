# ruff: noqa: F811, F821


# %% base: the listing
def article_model_keras():
    return keras.Sequential(
        [
            keras.Input((300, 300, 3)),
            keras.layers.Conv2D(10, 5, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


# %% wrong: one output
# loses 3: it must have (3, 2)
# base: the listing
# change: 2, activation => 1, activation


# %% wrong: no softmax
# loses 2.5: The network ends with the logits
# base: the listing
# change: 2, activation="softmax" => 2


# %% wrong: no activation after the convolution
# loses 2: ReLU after the convolution is missing
# base: the listing
# change: 5, activation="relu" => 5


# %% wrong: padded
# loses 2.5: The image is padded
# base: the listing
# change: , 5, activation => , 5, padding="same", activation


# %% wrong: averages pooled
# loses 2: The pooling averages
# base: the listing
# change: MaxPooling2D => AveragePooling2D


# %% wrong: a grey image
# loses 3: expected axis -1 of input shape to have value 1
# base: the listing
# change: 300, 3)) => 300, 1))


# %% wrong: a dropout before the end
# loses 0.5: is there a dropout
# base: the listing
# change: keras.layers.Flatten(), => keras.layers.Flatten(), \n keras.layers.Dropout(0.5),


# %% right: the functional way
def article_model_keras():
    pictures = keras.Input((300, 300, 3))
    maps = keras.layers.Conv2D(10, (5, 5), strides=1, padding="valid", activation="relu")(pictures)
    maps = keras.layers.MaxPool2D((2, 2))(maps)
    answers = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(maps))
    return keras.Model(pictures, answers)


# %% right: layer after layer
def article_model_keras():
    from keras import layers

    model = keras.Sequential()
    model.add(layers.Input(shape=(300, 300, 3)))
    for layer in (
        layers.Conv2D(filters=10, kernel_size=5),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(units=2),
        layers.Softmax(),
    ):
        model.add(layer)
    return model


# %% right: a class of its own, without an Input
def article_model_keras():
    class Article(keras.Model):
        def __init__(self):
            super().__init__()
            self.see = keras.layers.Conv2D(10, 5, activation="relu")
            self.pool = keras.layers.MaxPooling2D(2)
            self.flat = keras.layers.Flatten()
            self.decide = keras.layers.Dense(2)

        def call(self, pictures):
            return keras.ops.softmax(self.decide(self.flat(self.pool(self.see(pictures)))))

    return Article()


# %% right: compiled, with another softmax
def article_model_keras():
    model = keras.Sequential(
        [
            keras.Input((300, 300, 3), name="pictures"),
            keras.layers.Conv2D(10, 5),
            keras.layers.MaxPooling2D(2),
            keras.layers.Activation("relu"),
            keras.layers.Reshape((219_040,)),
            keras.layers.Dense(2, activation=keras.activations.softmax),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


# %% wrong: a ReLU that ends at six
# loses 2: (ReLU6)
# base: the listing
# change: "relu" => "relu6"


# %% wrong: a leaky ReLU
# loses 2: (a leaky ReLU)
# base: the listing
# change: "relu" => lambda x: keras.ops.leaky_relu(x, 0.01)
